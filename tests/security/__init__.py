"""What nobody may do: rights that are not needed, accounts that are not ours, input that is not meant well."""
