# State occupation of tests/references/icu_ventilation_transitions.csv by R etm. Run in this folder: Rscript icu_ventilation.R
suppressPackageStartupMessages(library(etm))
rows <- read.csv("icu_ventilation_transitions.csv", colClasses = c(from = "character", to = "character"))
tra <- matrix(FALSE, 3, 3); tra[1, 2:3] <- TRUE; tra[2, c(1, 3)] <- TRUE
fit <- etm(rows, c("0", "1", "2"), tra, "cens", 0)
out <- NULL
for (pair in c("0 1", "1 0", "0 2", "1 2")) {
  found <- trprob(fit, pair, c(3, 5, 10, 20, 30, 50)); se <- sqrt(trcov(fit, pair, c(3, 5, 10, 20, 30, 50)))
  ends <- strsplit(pair, " ")[[1]]
  out <- rbind(out, data.frame(from = ends[1], to = ends[2], day = c(3, 5, 10, 20, 30, 50), value = found, se = se))
}
write.csv(format(out, digits = 12), "icu_ventilation_occupation.csv", row.names = FALSE, quote = FALSE)
cat("etm", format(packageVersion("etm")), "\n")
