"""The batch oracle: what the account must be, computed from the whole input at once.

It reads "What counts" and "Time" of the design and nothing of the ledger; of the product it imports only the record
shapes in ``models``. Its method differs on purpose: everything is sorted first, and the state of a case
before an event is looked up in the sorted history instead of being carried along.
"""
