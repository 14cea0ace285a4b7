# Reference values for tests/estimators/test_meta_analysis.py from R metafor (Viechtbauer 2010, J Stat Softw 36:3).
# Run in this folder:  Rscript meta_analysis.R
# Writes meta_analysis.csv. The tests read the CSV file and never run R.
suppressPackageStartupMessages(library(metafor))
tight <- list(threshold = 1e-12, maxiter = 1000)

pools <- list(
  # data/msc_trials.csv, in_example_pool: Bowdish, Dilogo, Zarrabi (cells), Adas
  example = rbind(c(42, 112, 47, 110), c(10, 20, 16, 20), c(3, 11, 8, 24), c(3, 10, 6, 10)),
  # a zero cell (row 3), a double zero (row 4), more spread than chance
  zeros = rbind(c(12, 40, 3, 20), c(2, 20, 4, 10), c(0, 8, 8, 24), c(0, 6, 0, 6), c(1, 6, 2, 6)),
  # 1/2 is added where a control arm is all dead (row 1); a large trial against small ones
  spread = rbind(c(9, 12, 10, 10), c(120, 400, 60, 400), c(5, 30, 15, 30), c(4, 25, 12, 24), c(30, 60, 14, 60))
)

rows <- NULL
add <- function(pool, quantity, value) rows <<- rbind(rows, data.frame(pool, quantity, value = unname(value)))

for (pool in names(pools)) {
  x <- pools[[pool]]
  ratio <- rma.mh(ai = x[, 1], n1i = x[, 2], ci = x[, 3], n2i = x[, 4], measure = "RR", correct = FALSE)
  difference <- rma.mh(ai = x[, 1], n1i = x[, 2], ci = x[, 3], n2i = x[, 4], measure = "RD")
  for (side in c("estimate", "lower", "upper")) {
    part <- c(estimate = "beta", lower = "ci.lb", upper = "ci.ub")[[side]]
    add(pool, paste0("ratio.", side), exp(as.numeric(ratio[[part]])))
    add(pool, paste0("difference.", side), as.numeric(difference[[part]]))
  }
  each <- escalc("RR", ai = x[, 1], n1i = x[, 2], ci = x[, 3], n2i = x[, 4], add = 1/2, to = "only0", drop00 = TRUE)
  fixed <- rma(yi, vi, data = each, method = "EE")
  add(pool, "q", fixed$QE)
  add(pool, "i2", fixed$I2 / 100)
  for (side in c("beta", "ci.lb", "ci.ub"))
    add(pool, paste0("fixed_ratio.", c(beta = "estimate", ci.lb = "lower", ci.ub = "upper")[[side]]), exp(as.numeric(fixed[[side]])))
  for (method in c("DL", "REML")) {
    name <- c(DL = "dersimonian_laird", REML = "reml")[[method]]
    plain <- rma(yi, vi, data = each, method = method, test = "knha", control = tight)   # factor as it comes
    floored <- rma(yi, vi, data = each, method = method, test = "adhoc", control = tight) # factor at least 1
    wald <- rma(yi, vi, data = each, method = method, control = tight)
    add(pool, paste0(name, ".tau2"), floored$tau2)
    add(pool, paste0(name, ".factor"), plain$se / wald$se)
    add(pool, paste0(name, ".estimate"), exp(as.numeric(floored$beta)))
    add(pool, paste0(name, ".lower"), exp(floored$ci.lb))
    add(pool, paste0(name, ".upper"), exp(floored$ci.ub))
    add(pool, paste0(name, ".unfloored_lower"), exp(plain$ci.lb))
    add(pool, paste0(name, ".unfloored_upper"), exp(plain$ci.ub))
    half <- qt(.975, floored$k - 2) * sqrt(floored$tau2 + floored$se^2)
    add(pool, paste0(name, ".prediction_lower"), exp(as.numeric(floored$beta) - half))
    add(pool, paste0(name, ".prediction_upper"), exp(as.numeric(floored$beta) + half))
  }
}
rows$value <- sprintf("%.10f", rows$value)
write.csv(rows, "meta_analysis.csv", row.names = FALSE, quote = FALSE)
cat("metafor", format(packageVersion("metafor")), "R", R.version$major, R.version$minor, "\n")
