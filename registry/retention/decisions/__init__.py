"""May this data be deleted now: answered item by item, with receipts."""
