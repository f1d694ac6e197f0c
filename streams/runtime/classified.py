"""All rows of classified mentions, sorted, in bounded memory."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from streams.runtime.external_sort import ExternalSort
from streams.stages import export
from streams.stages.export import ClassifiedItem
from streams.stages.rows import ClassifiedRow


class _Copies:
    """Rows that can be read as often as wanted."""

    def __init__(self, read: Callable[[], Iterator[ClassifiedRow]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[ClassifiedRow]:
        return self._read()


class ClassifiedRows:
    """The rows of ``classified``, which can be read as often as wanted, and of ``copies``.

    What does not fit in memory lies in a directory of its own, in ``parent`` or else where temporary files go, until
    :meth:`close` or the end of this object.
    """

    def __init__(self, values: Iterable[bytes], feed_order: Sequence[str], parent: Path | None = None) -> None:
        directory = Path(tempfile.mkdtemp(prefix="unheard-export-", dir=parent))
        self._remove = weakref.finalize(self, shutil.rmtree, directory, ignore_errors=True)
        self._sort = ExternalSort(ClassifiedItem, lambda item: len(item.row), parent=directory)
        self.copies: Iterable[ClassifiedRow] = _Copies(lambda: export.other_rows(iter(self._sort)))
        places = export.feed_places(feed_order)
        try:
            self._sort.extend(export.classified_item(value, places) for value in values)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[ClassifiedRow]:
        return export.counting_rows(iter(self._sort))

    def close(self) -> None:
        """Remove what lies on disk. Nothing can be read afterwards."""
        self._sort.close()
        self._remove()
