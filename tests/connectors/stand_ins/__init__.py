"""Servers that stand in for vendors whose own cannot be had here, written from what the vendors document.

They share nothing with the sources that are tested against them. What the documents leave open is marked UNCONFIRMED.
Each can be changed while it runs, by Python or over HTTP, and can be made to fail.
"""
