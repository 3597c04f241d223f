"""Students: what each head predicts, and starting from other weights."""
