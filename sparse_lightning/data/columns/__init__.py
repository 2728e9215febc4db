"""The columns of a table: which are used, what each is, how it becomes inputs and back."""
