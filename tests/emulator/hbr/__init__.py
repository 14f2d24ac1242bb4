"""Tests of Cloud Backup, as the official SDK sees it."""
