"""The province's editable tables, and what builds stored data from them."""
