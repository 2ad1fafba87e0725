"""How things look in the page. Pure: values become HTML."""
