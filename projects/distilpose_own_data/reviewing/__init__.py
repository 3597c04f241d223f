"""Which labels to look at first: ``distilpose review``."""
