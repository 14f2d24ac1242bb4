"""Modules that are staged at the root of the package in place of packages that are left out; never imported here."""
