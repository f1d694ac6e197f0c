"""Whether the files that an account rests on agree with each other: lines, rows of mentions, rejects."""

from typing import Final

import duckdb

_SHOWN: Final = """
SELECT 'line ' || feed || ' ' || epoch || ':' || seq || ': classified, copies or dlq have it as ' || kind
    || ', lines ' || coalesce('as ' || line_kind, 'not at all') AS line
FROM stamp_without_line
UNION ALL
SELECT 'lines ' || feed || ' ' || epoch || ':' || from_seq || '-' || to_seq || ', ' || kind || ': ' || lacking
    || ' of them in no row of classified, copies or dlq'
FROM line_without_stamp
UNION ALL
SELECT 'line ' || feed || ' ' || epoch || ':' || seq || ': ' || CASE kind
    WHEN 'late' THEN 'called late, but its mention is not older than L'
    ELSE 'not called late, but its mention is older than L' END
FROM misjudged_time
UNION ALL
SELECT 'mention ' || id || ' about ' || CASE brand WHEN '' THEN 'no brand' ELSE brand END || ' on ' || source || ': '
    || CASE WHEN standing > 1 THEN standing || ' times in classified'
       WHEN standing = 0 THEN 'in copies, but not in classified'
       ELSE 'classified has the copy ' || told || ', but ' || first || ' comes first' END
FROM misplaced_copy
"""


def count_records(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """How many (mention, brand) there are, and in how many places the files disagree."""
    mentions = connection.execute("SELECT count(*) FROM mention").fetchall()[0][0]
    return mentions, connection.execute(f"SELECT count(*) FROM ({_SHOWN})").fetchall()[0][0]


def record_lines(connection: duckdb.DuckDBPyConnection, limit: int) -> list[str]:
    rows = connection.execute(f"SELECT line FROM ({_SHOWN}) ORDER BY line LIMIT ?", [limit]).fetchall()
    return [row[0] for row in rows]
