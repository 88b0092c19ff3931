"""What sources read with: values, lists of accounts, pages, sessions."""
