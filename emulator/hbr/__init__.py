"""Cloud Backup (HBR 2017-09-08)."""
