# Reference values for tests/estimators from R survival (Therneau). Run in this folder:  Rscript survival.R
# Writes survival_cox.csv and survival_incidence.csv. The tests read the CSV files and never run R.
suppressPackageStartupMessages(library(survival))
options(digits = 10)

intervals <- read.csv("stanford_heart_intervals.csv")
patients <- read.csv("stanford_heart_patients.csv")

row <- function(case, ties, fit) {
  ci <- summary(fit)$conf.int
  data.frame(case = case, ties = ties, term = names(coef(fit)), beta = unname(coef(fit)),
             se = sqrt(diag(vcov(fit))), lower = unname(ci[, "lower .95"]), upper = unname(ci[, "upper .95"]),
             loglik_null = fit$loglik[1], loglik = fit$loglik[2])
}
cox <- do.call(rbind, unlist(lapply(c("efron", "breslow"), function(ties) {
  list(
    row("intervals", ties, coxph(Surv(start, stop, event) ~ transplant, intervals, ties = ties)),
    row("intervals_covariates", ties, coxph(Surv(start, stop, event) ~ age + surgery + transplant +
        I(age * transplant) + I(surgery * transplant), intervals, ties = ties)),
    row("ever", ties, coxph(Surv(follow_up_days + 1, dead) ~ transplant, patients, ties = ties)),
    row("landmark_30", ties, coxph(Surv(follow_up_days + 1, dead) ~ I(!is.na(wait_days) & wait_days <= 30),
        subset(patients, follow_up_days >= 30), ties = ties))
  )
}), recursive = FALSE))
write.csv(format(cox, digits = 10), "survival_cox.csv", row.names = FALSE, quote = FALSE)

# Competing risks with ties: days 0.. shifted by one, because survfit starts after time 0.
set.seed(7)
n <- 60
end <- rpois(n, 9); event <- sample(0:2, n, TRUE, c(.3, .35, .35))
fit <- survfit(Surv(end + 1, factor(event, 0:2, c("open", "dead", "left"))) ~ 1)
at <- summary(fit, times = 1:16, extend = TRUE)
write.csv(data.frame(end_day = end, event = event), "survival_incidence_patients.csv", row.names = FALSE)
write.csv(format(data.frame(day = 0:15, dead = at$pstate[, 2], left = at$pstate[, 3], se = at$std.err[, 2]), digits = 10),
          "survival_incidence.csv", row.names = FALSE, quote = FALSE)

# The same patients with weights.
weight <- rep(c(.5, 1, 2), length.out = n)
fit <- survfit(Surv(end + 1, factor(event, 0:2, c("open", "dead", "left"))) ~ 1, weights = weight, id = seq_len(n))
at <- summary(fit, times = 1:16, extend = TRUE)
write.csv(format(data.frame(day = 0:15, dead = at$pstate[, 2], left = at$pstate[, 3], se = at$std.err[, 2]), digits = 10),
          "survival_incidence_weighted.csv", row.names = FALSE, quote = FALSE)
cat("survival", format(packageVersion("survival")), "R", R.version$major, R.version$minor, "\n")

# Fisher's exact test and Clopper-Pearson intervals of base R.
tables <- rbind(c(2, 13, 356, 868), c(2, 13, 47, 110), c(42, 112, 47, 110), c(0, 13, 50, 300), c(5, 10, 5, 10), c(9, 9, 1, 8))
out <- t(apply(tables, 1, function(k) c(k, fisher.test(matrix(c(k[1], k[2] - k[1], k[3], k[4] - k[3]), 2))$p.value,
                                        binom.test(k[1], k[2])$conf.int)))
colnames(out) <- c("dead_1", "n_1", "dead_2", "n_2", "fisher_p", "lower", "upper")
write.csv(format(as.data.frame(out), digits = 10), "base_tables.csv", row.names = FALSE, quote = FALSE)
