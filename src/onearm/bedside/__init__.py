"""The web app: every step from lot to day 28 as a form, a page and its JSON twin; every write goes to the ledger."""
