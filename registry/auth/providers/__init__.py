"""Organisations' own OpenID providers: whom they bring, and what their groups give."""
