"""Labels from a teacher: ``distilpose label``."""
