"""The database under keys, usage, quotas and the audit trail: SQLite by default, PostgreSQL by address.

`Stores` (stores.py) opens it when it is first needed; only then is SQLAlchemy imported. Repositories take and return
frozen dataclasses: nothing above them sees a table, a connection or a row.
"""
