"""What was used and what it cost: sums over the ledger, by day, model, driver and owner."""
