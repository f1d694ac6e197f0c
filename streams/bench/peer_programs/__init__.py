"""The same job as users of other libraries would write it, one program each. They are what Unheard is measured
against: nothing of it imports them."""
