"""Every failure at every point: what each flow calls, spoiled in every way, must end as desired all the same."""
