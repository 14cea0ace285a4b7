# Reference values for tests/estimators/test_prognosis.py from base R and nnet. Run in this folder:  Rscript prognosis.R
# Daily courses of 120 persons: state at the start of each day (V ventilated, E off, H home, D dead), one covariate
# fixed and one by day. Writes prognosis_days.csv, and prognosis.csv with coefficients and chained risks.
suppressPackageStartupMessages(library(nnet))
options(digits = 12)
set.seed(11)
rows <- list()
for (p in 1:120) {
  age <- round(rnorm(1, 60, 12)); lab <- rnorm(1); state <- "V"
  for (d in 0:34) {
    lab <- round(.7 * lab + rnorm(1, 0, .7), 2)
    u <- runif(1)
    if (state == "V") {
      pd <- .02 * exp(.04 * (age - 60) + .3 * lab); po <- .06
      becomes <- if (u < pd) "D" else if (u < pd + po) { if (runif(1) < .2) "H" else "E" } else "V"
    } else becomes <- if (u < .01) "D" else if (u < .16) "H" else if (u < .19) "V" else "E"
    rows[[length(rows) + 1]] <- data.frame(person = sprintf("P%03d", p), day = d, age, lab, state, becomes)
    state <- becomes
    if (state %in% c("D", "H")) break
  }
}
days <- do.call(rbind, rows)
write.csv(days, "prognosis_days.csv", row.names = FALSE, quote = FALSE)

v <- subset(days, state == "V")
e <- subset(days, state == "E")
n <- nrow(v)
scaled <- function(x, of) (x - mean(of)) / sqrt(mean((of - mean(of))^2))
x <- cbind(1, log1p(v$day), log1p(v$day)^2, scaled(v$age, v$age), scaled(v$lab, v$lab))
y <- ifelse(v$becomes == "D", 1, ifelse(v$becomes == "V", 0, 2))
plain <- t(coef(multinom(factor(y) ~ x - 1, trace = FALSE, maxit = 2000, reltol = 1e-15, abstol = 1e-15)))
loss <- function(b, ridge) {
  b <- matrix(b, 5); l <- x %*% b
  sum(log1p(rowSums(exp(l)))) - sum(l[y == 1, 1]) - sum(l[y == 2, 2]) + ridge / 2 * sum(b[4:5, ]^2)
}
slope <- function(b, ridge) {
  b <- matrix(b, 5); p <- exp(x %*% b); p <- p / (1 + rowSums(p))
  g <- t(x) %*% (p - cbind(y == 1, y == 2)); g[4:5, ] <- g[4:5, ] + ridge * b[4:5, ]; c(g)
}
ridge <- matrix(optim(c(plain), loss, slope, ridge = 20, method = "BFGS", control = list(maxit = 5000, reltol = 1e-16))$par, 5)
out <- data.frame(what = "coefficient", fit = rep(c("plain", "ridge20"), each = 10),
                  outcome = rep(rep(c("death", "off"), each = 5), 2), row = rep(1:5, 4), value = c(plain, ridge))

off <- c(D = sum(e$becomes == "D"), H = sum(e$becomes == "H"), V = sum(e$becomes == "V")) / nrow(e)
home <- sum(v$becomes == "H") / sum(v$becomes %in% c("E", "H"))
risk <- function(b, age, lab, z, h) {
  here <- 1; away <- 0; dead <- 0
  for (d in z:(z + h)) {
    dd <- min(d, max(v$day))
    l <- exp(c(1, log1p(dd), log1p(dd)^2, scaled(age, v$age), scaled(lab, v$lab)) %*% b); p <- l / (1 + sum(l))
    dead <- dead + here * p[1] + away * off["D"]
    new <- c(here * (1 - sum(p)) + away * off["V"], here * p[2] * (1 - home) + away * (1 - sum(off)))
    here <- new[1]; away <- new[2]
  }
  unname(dead)
}
cases <- rbind(c(60, 0, 0, 28), c(80, 1.5, 7, 28), c(45, -1, 12, 9))
for (k in 1:3) out <- rbind(out, data.frame(what = "risk", fit = c("plain", "ridge20"), outcome = "death", row = k,
  value = c(do.call(risk, c(list(plain), as.list(cases[k, ]))), do.call(risk, c(list(ridge), as.list(cases[k, ]))))))
write.csv(format(out, digits = 10, trim = TRUE), "prognosis.csv", row.names = FALSE, quote = FALSE)
