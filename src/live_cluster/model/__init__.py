"""What the administrator wants: the table of options, typed values, and the rules across them."""
