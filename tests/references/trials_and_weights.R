# Reference values for sequential trials, clone weights and overlap weights from R: glm, survival, sandwich, numDeriv.
# Run in this folder:  Rscript trials_and_weights.R
# Writes trials_and_weights.csv and clone_weights_patients.csv. The tests read the CSV files and never run R.
suppressPackageStartupMessages({library(survival); library(sandwich); library(numDeriv)})
options(digits = 12)
out <- data.frame()
keep <- function(case, name, value) out <<- rbind(out, data.frame(case = case, name = name, value = unname(value)))

stanford <- read.csv("stanford_heart_patients.csv")
n <- nrow(stanford); T <- stanford$follow_up_days; dead <- stanford$dead == 1
Z <- ifelse(is.na(stanford$wait_days), Inf, stanford$wait_days)
H <- 28

# --- Sequential trials: one row per person, trial and day -------------------------------------------------------
rows <- do.call(rbind, lapply(0:max(Z[is.finite(Z)]), function(m) {
  i <- which(T >= m & Z >= m)
  if (!length(i)) return(NULL)
  do.call(rbind, lapply(i, function(p) {
    last <- min(T[p] - m, H)
    data.frame(id = p, m = m, k = 0:last, arm = as.numeric(Z[p] == m), age = stanford$age[p],
               surgery = stanford$surgery[p], y = as.numeric(dead[p] & T[p] - m == 0:last))
  }))
}))
trials <- function(case, formula) {
  fit <- glm(formula, binomial, rows, control = glm.control(epsilon = 1e-14, maxit = 100))
  V <- vcovCL(fit, cluster = rows$id, type = "HC0", cadj = TRUE)
  for (t in names(coef(fit))) { keep(case, t, coef(fit)[t]); keep(case, paste0(t, ".se"), sqrt(V[t, t])) }
  who <- rows[rows$arm == 1 & rows$k == 0, ]
  risk <- function(b, a) {
    alive <- rep(1, nrow(who))
    who$arm <- a
    for (day in 0:H) {
      who$k <- day
      X <- model.matrix(delete.response(terms(fit)), who)
      alive <- alive * (1 - plogis(drop(X %*% b)))
    }
    1 - mean(alive)
  }
  g <- grad(function(b) risk(b, 1) - risk(b, 0), coef(fit))
  keep(case, "risk_treated", risk(coef(fit), 1)); keep(case, "risk_untreated", risk(coef(fit), 0))
  keep(case, "se", sqrt(drop(g %*% V %*% g)))
}
trials("trials", y ~ arm + m + k + I(k^2))
trials("trials_covariates", y ~ arm + m + k + I(k^2) + age + surgery)

# --- Overlap weights on the risk sets of Stanford ---------------------------------------------------------------
treated <- which(is.finite(Z))
pairs <- do.call(rbind, lapply(treated, function(i) {
  j <- which(T >= Z[i] & Z > Z[i])
  data.frame(j = j, day = Z[i], share = 1 / length(j))
}))
controls <- aggregate(share ~ j + day, pairs, sum)
controls$q <- controls$share * nrow(controls) / sum(controls$share)
r <- rbind(data.frame(id = treated, A = 1, day = Z[treated], q = 1), data.frame(id = controls$j, A = 0, day = controls$day, q = controls$q))
r$y <- as.numeric(T[r$id] <= r$day + H & (dead[r$id]))
r$y[r$A == 1 & !dead[r$id] & T[r$id] < r$day + H] <- 1   # lost treated patients count as dead
X <- cbind(1, scale(stanford$age[r$id]), stanford$surgery[r$id])
fit <- suppressWarnings(glm(A ~ X - 1, binomial, r, weights = q, control = glm.control(epsilon = 1e-14, maxit = 100)))
stacked <- function(theta) {   # one column per equation, one row per row
  e <- plogis(drop(X %*% theta[1:3]))
  cbind(r$q * (r$A - e) * X, r$A * r$q * (1 - e) * (r$y - theta[4]), (1 - r$A) * r$q * e * (r$y - theta[5]))
}
e <- fitted(fit)
mu <- c(weighted.mean(r$y[r$A == 1], (r$q * (1 - e))[r$A == 1]), weighted.mean(r$y[r$A == 0], (r$q * e)[r$A == 0]))
theta <- c(coef(fit), mu)
bread <- solve(jacobian(function(t) colSums(stacked(t)), theta))
meat <- crossprod(rowsum(stacked(theta), r$id)); G <- length(unique(r$id))
V <- bread %*% meat %*% t(bread) * G / (G - 1)
d <- c(0, 0, 0, 1, -1)
keep("overlap", "risk_treated", mu[1]); keep("overlap", "risk_controls", mu[2])
keep("overlap", "se", sqrt(drop(d %*% V %*% d)))
w <- (r$q * e)[r$A == 0]; by <- rowsum(w, r$id[r$A == 0])
keep("overlap", "effective_controls", sum(by)^2 / sum(by^2))
w <- (r$q * (1 - e))[r$A == 1]; keep("overlap", "effective_treated", sum(w)^2 / sum(w^2))

# --- Clone weights: 700 patients, severity moves death, leaving and treatment ------------------------------------
set.seed(20)
n <- 700; g <- 4
age <- round(rnorm(n), 3)
death <- rexp(n, exp(.5 * age) / 30); leave <- rexp(n, exp(-.3 * age) / 40); shut <- runif(n, 10, 60)
treat <- rexp(n, exp(-.3 * age) / 12)
end <- floor(pmin(death, leave, shut)); event <- ifelse(death < pmin(leave, shut), 1, ifelse(leave < shut, 2, 0))
start <- ifelse(treat < pmin(death, leave, shut) & treat < 12, floor(treat), NA)
write.csv(data.frame(age, start_day = start, end_day = end, event), "clone_weights_patients.csv", row.names = FALSE,
          quote = FALSE, na = "")
Z <- ifelse(is.na(start), Inf, start)
pd <- do.call(rbind, lapply(0:g, function(d) {   # untreated before d, no event by the end of d
  i <- which(Z >= d & end >= d & !(end == d & event != 0))
  data.frame(id = i, day = d, age = age[i], start = as.numeric(Z[i] == d))
}))
clone <- function(case, formula) {
  fit <- glm(formula, binomial, pd, control = glm.control(epsilon = 1e-14, maxit = 100))
  pd$p <- fitted(fit)
  p <- matrix(0, n, g + 1); p[cbind(pd$id, pd$day + 1)] <- pd$p
  long <- do.call(rbind, lapply(seq_len(n), function(i) {
    d <- 0:min(end[i], H)
    stop_here <- function(last) pmin(last, max(d))
    # never by g: ends with the day of treatment; an event of that day is not its own
    last <- if (Z[i] <= g) stop_here(Z[i]) else max(d)
    dc <- 0:last
    w <- sapply(dc, function(k) { u <- seq_len(min(k, g + 1)); prod(1 / (1 - p[i, u])) })
    ev <- ifelse(dc == end[i] & !(Z[i] <= g & Z[i] == end[i]), event[i], 0)
    a <- data.frame(id = i, arm = 0, day = dc, w = w, event = ev)
    # treated within g: ends with day g if not treated by then
    last <- if (Z[i] > g) stop_here(g) else max(d)
    dt <- 0:last
    w <- ifelse(dt > g & Z[i] == g, 1 / p[i, g + 1], 1)
    rbind(a, data.frame(id = i, arm = 1, day = dt, w = w, event = ifelse(dt == end[i], event[i], 0)))
  }))
  long$status <- factor(long$event, 0:2, c("none", "dead", "left"))
  for (a in 1:0) {
    s <- long[long$arm == a, ]
    s$row <- seq_len(nrow(s))   # with one id per patient survfit 3.5.3 keeps the first weight of each
    f <- survfit(Surv(day, day + 1, status) ~ 1, data = s, weights = w, id = row)
    keep(case, c("risk_untreated", "risk_treated")[a + 1], tail(summary(f, times = H + 1, extend = TRUE)$pstate[, 2], 1))
  }
  f <- coxph(Surv(day, day + 1, event == 1) ~ arm, long, weights = w, ties = "breslow",
             control = coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50))
  keep(case, "log_hazard_ratio", coef(f))
  keep(case, "largest_weight", max(long$w))
  cap <- unname(quantile(long$w, .99)); keep(case, "cap", cap)
  long$w <- pmin(long$w, cap)
  f <- coxph(Surv(day, day + 1, event == 1) ~ arm, long, weights = w, ties = "breslow",
             control = coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50))
  keep(case, "capped_log_hazard_ratio", coef(f))
}
clone("clones_by_day", start ~ factor(day))
clone("clones_logistic", start ~ day + age)

write.csv(format(out, digits = 11), "trials_and_weights.csv", row.names = FALSE, quote = FALSE)
cat("survival", format(packageVersion("survival")), "sandwich", format(packageVersion("sandwich")), "R", R.version$major,
    R.version$minor, "\n")
