"""Virtual patients with known truth: courses drawn from settings and a seed, told as (Records, Truth)."""
