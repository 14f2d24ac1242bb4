"""Mentioned by the SDKs beside ``serialization.load_pem_private_key``, which is called first."""
