"""Runs a fold on a packed topic so that no crash can bend its state.

For each record: fold it, send its outputs and await them, write it to the changelog and await that, ack. Whatever
is interrupted is folded again after recovery, from the changelog alone, and repeats identical outputs. Records that
have arrived together share one round of waiting (group commit).

Changelog entries of a partition, by key:
  ``b`` + offset               the bytes of the record folded at that offset
  ``s`` + offset + index       one chunk of the snapshot that covers everything up to offset
  ``m`` + offset               manifest of that snapshot: number and digest of its chunks, written last
"""

import asyncio
import hashlib
import logging
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Generic

import msgspec

from streams.runtime.faust_app import BlockTable
from streams.runtime.metrics import Telemetry
from streams.runtime.output_metrics import measure_outputs
from streams.runtime.outputs import OutputSender
from streams.stages.fold import BlockError, Fold, Output, State

log = logging.getLogger(__name__)

_MAX_GROUP = 256
_SETTLE_SECONDS = 5.0


class Manifest(msgspec.Struct, frozen=True, array_like=True):
    chunks: int
    digest: bytes


def block_key(offset: int) -> bytes:
    return b"b" + struct.pack(">q", offset)


def chunk_key(offset: int, index: int) -> bytes:
    return b"s" + struct.pack(">qI", offset, index)


def manifest_key(offset: int) -> bytes:
    return b"m" + struct.pack(">q", offset)


def split_entries(entries: dict[bytes, bytes]) -> tuple[int, list[bytes], list[tuple[int, bytes]]]:
    """Order what recovery collected: (offset of the newest complete snapshot or -1, its chunks, later blocks).

    Raises BlockError when blocks are missing between them, or a snapshot is damaged.
    """
    manifests = sorted((_offset_of(key), value) for key, value in entries.items() if key[:1] == b"m")
    covered, chunks = -1, []
    if manifests:
        covered, chunks = manifests[-1][0], _chunks_of(entries, *manifests[-1])
    blocks = sorted((_offset_of(k), v) for k, v in entries.items() if k[:1] == b"b" and _offset_of(k) > covered)
    expected = covered + 1 if manifests else (blocks[0][0] if blocks else 0)
    for position, (offset, _) in enumerate(blocks):
        if offset != expected + position:
            raise BlockError(f"changelog has no block at offset {expected + position}")
    return covered, chunks, blocks


def _offset_of(key: bytes) -> int:
    offset: int = struct.unpack_from(">q", key, 1)[0]
    return offset


def _chunks_of(entries: dict[bytes, bytes], offset: int, raw: bytes) -> list[bytes]:
    try:
        manifest = msgspec.msgpack.decode(raw, type=Manifest)
        chunks = [entries[chunk_key(offset, index)] for index in range(manifest.chunks)]
    except (msgspec.MsgspecError, KeyError) as error:
        raise BlockError(f"snapshot at offset {offset} is incomplete") from error
    if _digest(chunks) != manifest.digest:
        raise BlockError(f"snapshot at offset {offset} is damaged")
    return chunks


def _digest(chunks: Sequence[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


class _Partition(Generic[State]):
    """State of one owned partition and where it stands: ``first`` and ``last`` are the offsets of its blocks that no
    snapshot covers, ``covered`` the newest snapshot's offset, ``reported`` the gauges that speak of it. ``recovered``
    is the last offset that recovery knew; until the next one arrives the partition is not ``joined`` and ``early`` is
    when a later one did."""

    __slots__ = ("chunks", "covered", "early", "first", "joined", "last", "recovered", "reported", "state")

    def __init__(self, state: State, *, first: int, last: int, covered: int, chunks: int) -> None:
        self.state, self.first, self.last, self.covered, self.chunks = state, first, last, covered, chunks
        self.reported = set[str]()
        self.recovered, self.joined = last, False
        self.early: float | None = None


class _Folded(msgspec.Struct):
    """One folded record on its way to the ack; ``snapshot`` are the chunks due after it. Without an event these are
    coalesced outputs, which must not overtake those of the records before them."""

    outputs: Sequence[Output]
    generation: int
    event: Any = None
    snapshot: list[bytes] | None = None
    tombstones: list[bytes] = []


def _place(folded: _Folded, key: Callable[[int], bytes]) -> tuple[int, bytes]:
    message = folded.event.message
    return message.partition, key(message.offset)


class BlockRunner(Generic[State]):
    """One fold on one topic with one block table."""

    def __init__(
        self,
        name: str,
        fold: Fold[State],
        table: BlockTable,
        sender: OutputSender,
        telemetry: Telemetry,
        *,
        snapshot_blocks: int,
        publish_interval_seconds: float,
        fail: Callable[[str, BaseException], None],
        reread_seconds: float = 30.0,
    ) -> None:
        """``reread_seconds`` is the longest wait for a record that the broker has while later ones arrive."""
        self.name, self._fold, self._table, self._sender = name, fold, table, sender
        self._telemetry, self._snapshot_blocks, self._fail = telemetry, snapshot_blocks, fail
        self._publish_interval_seconds, self._reread_seconds = publish_interval_seconds, reread_seconds
        self._owned: dict[int, _Partition[State]] = {}
        self._opening = asyncio.Lock()
        self._folded: asyncio.Queue[_Folded] = asyncio.Queue(_MAX_GROUP)
        table.on_reassigned = self._forget

    async def _forget(self) -> None:
        """Every state goes with its assignment: another worker may have owned the partition meanwhile."""
        try:
            await asyncio.wait_for(self.settle(), _SETTLE_SECONDS)
        except TimeoutError as error:
            self._fail(self.name, error)
        for partition, owned in self._owned.items():
            for name in owned.reported:
                self._telemetry.forget(name, partition=str(partition))
        self._owned.clear()
        self._telemetry.inc("unheard_rebalances_total")

    @property
    def ready(self) -> bool:
        """Whether every owned partition's state is verified."""
        return self._table.recovered.is_set() and self._table.active <= self._owned.keys()

    async def consume(self, events: AsyncIterator[Any]) -> None:
        """The agent: fold each record in turn. An error here ends the worker, it never acks."""
        try:
            async for event in events:
                await self._fold_event(event)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  # faust would log it, ack and go on
            self._fail(self.name, error)

    async def verify(self) -> None:
        """Build the state of every owned partition as soon as recovery has read it."""
        try:
            while True:
                await self._table.recovered.wait()
                for partition in sorted(self._table.active - self._owned.keys()):
                    await self._open(partition)
                self._check_joined()
                await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  # a background task would die in silence
            self._fail(self.name, error)

    async def commit(self) -> None:
        """Carry folded records to their acks, everything that waits in one group."""
        try:
            while True:
                await self._commit_group(await self._next_group())
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001
            self._fail(self.name, error)

    async def publish(self) -> None:
        """Send provisional outputs that the fold coalesces."""
        try:
            while True:
                await asyncio.sleep(self._publish_interval_seconds)
                outputs = [output for owned in self._owned.values() for output in self._fold.drain(owned.state)]
                if outputs:
                    await self._folded.put(_Folded(outputs, self._table.generation))
                self._report()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001
            self._fail(self.name, error)

    async def settle(self) -> None:
        """Wait until nothing folded is left unacked."""
        await self._folded.join()

    async def _open(self, partition: int) -> _Partition[State] | None:
        """Fold what recovery collected for ``partition`` and read on behind it; None when a rebalance came between.
        Raises BlockError."""
        async with self._opening:
            generation = self._table.generation
            if not self._table.recovered.is_set() or partition not in self._table.active:
                return None
            if partition in self._owned:
                return self._owned[partition]
            owned = await self._recover(partition)
            await self._join(partition, owned)
            if generation != self._table.generation:
                return None
            self._owned[partition] = owned
            return owned

    async def _join(self, partition: int, owned: _Partition[State]) -> None:
        """Let the records behind the changelog come, whatever was dropped of them in the rebalance. Raises BlockError
        when the broker has deleted some."""
        earliest = await self._table.earliest(partition)
        if owned.last < 0:
            owned.first, owned.last = earliest, earliest - 1
        elif earliest > owned.last + 1:
            raise self._gap(partition, earliest, owned)
        await self._table.reread(partition, owned.last + 1, earliest)

    async def _recover(self, partition: int) -> _Partition[State]:
        started = time.perf_counter()
        covered, chunks, blocks = split_entries(self._table.take(partition))
        # Loading a million cases takes seconds: in a thread of its own, so that the loop goes on beating.
        state = await asyncio.to_thread(self._fold.load, partition, chunks) if chunks else self._fold.empty(partition)
        for offset, value in blocks:
            self._fold.apply(state, offset, value)
            await asyncio.sleep(0)  # as above
        first = blocks[0][0] if blocks else covered + 1
        last = blocks[-1][0] if blocks else covered
        seconds = time.perf_counter() - started
        self._telemetry.set("unheard_recovery_duration_seconds", seconds, topic=self.name, partition=str(partition))
        log.info("%s: partition %d recovered to offset %d in %.2f s", self.name, partition, last, seconds)
        return _Partition(state, first=first, last=last, covered=covered, chunks=len(chunks))

    async def _fold_event(self, event: Any) -> None:
        owned = await self._next_in(event)
        if owned is None:
            self._table.drop(event)
        else:
            await self._folded.put(self._fold_block(owned, event))

    async def _next_in(self, event: Any) -> _Partition[State] | None:
        """The partition whose next record this is; None when it is not for us now. Raises BlockError for a gap."""
        generation = self._table.generation
        partition, offset = event.message.partition, event.message.offset
        if not self._table.recovered.is_set() or partition not in self._table.active:
            return None  # taken in a rebalance: whoever owns the partition afterwards gets it again
        owned = self._owned.get(partition) or await self._open(partition)
        if owned is None or generation != self._table.generation:
            return None
        if offset == owned.last + 1:
            owned.joined = True
            return owned
        if offset <= owned.recovered:
            event.ack()
        elif offset > owned.last:
            self._note_early(partition, offset, owned)
        return None

    def _note_early(self, partition: int, offset: int, owned: _Partition[State]) -> None:
        """A record came before its turn. Raises BlockError, unless it may have been read before ``_join`` went back."""
        if owned.joined:
            raise self._gap(partition, offset, owned)
        if owned.early is None:
            owned.early = time.monotonic()

    def _check_joined(self) -> None:
        """Raises BlockError when a record that was gone back for does not come."""
        for partition, owned in self._owned.items():
            if not owned.joined and owned.early is not None and time.monotonic() - owned.early > self._reread_seconds:
                raise BlockError(f"{self.name}: partition {partition} has later records, but not {owned.last + 1}")

    def _gap(self, partition: int, offset: int, owned: _Partition[State]) -> BlockError:
        return BlockError(f"{self.name}: partition {partition} continues at offset {offset}, not {owned.last + 1}")

    def _fold_block(self, owned: _Partition[State], event: Any) -> _Folded:
        offset = event.message.offset
        started = time.perf_counter()
        outputs = self._fold.apply(owned.state, offset, event.value)
        self._telemetry.observe("unheard_stage_duration_seconds", time.perf_counter() - started, stage="fold")
        owned.last = offset
        snapshot, tombstones = None, list[bytes]()
        if (offset + 1) % self._snapshot_blocks == 0:
            snapshot, tombstones = self._snapshot(owned, offset)
        return _Folded(outputs, self._table.generation, event, snapshot, tombstones)

    def _snapshot(self, owned: _Partition[State], offset: int) -> tuple[list[bytes], list[bytes]]:
        """Chunks of the state after ``offset`` and the keys that they make obsolete."""
        chunks = list(self._fold.dump(owned.state))
        obsolete = [block_key(old) for old in range(owned.first, offset + 1)]
        if owned.covered >= 0:
            obsolete.append(manifest_key(owned.covered))
            obsolete += [chunk_key(owned.covered, index) for index in range(owned.chunks)]
        owned.first, owned.covered, owned.chunks = offset + 1, offset, len(chunks)
        return chunks, obsolete

    async def _next_group(self) -> list[_Folded]:
        group = [await self._folded.get()]
        while len(group) < _MAX_GROUP and not self._folded.empty():
            group.append(self._folded.get_nowait())
        return group

    async def _commit_group(self, everything: list[_Folded]) -> None:
        """Send, write to the changelog, ack. What was folded before a rebalance is left to whoever owns it now."""
        started = time.perf_counter()
        group = [folded for folded in everything if folded.generation == self._table.generation]
        outputs = [output for folded in group for output in folded.outputs]
        await self._sender.send(outputs)
        measure_outputs(self._telemetry, outputs)
        sent = time.perf_counter()
        self._telemetry.observe("unheard_stage_duration_seconds", sent - started, stage="outputs")
        records = [folded for folded in group if folded.event is not None]
        await self._append([(*_place(folded, block_key), folded.event.value) for folded in records])
        self._telemetry.observe("unheard_stage_duration_seconds", time.perf_counter() - sent, stage="changelog")
        for folded in records:
            if folded.snapshot is not None:
                await self._write_snapshot(folded)
            folded.event.ack()
        if records:
            appended = records[-1].event.message.timestamp
            self._telemetry.set("unheard_lag_processing_seconds", max(0.0, time.time() - appended))
        for _ in everything:
            self._folded.task_done()
        self._telemetry.inc("unheard_records_in_total", len(records), topic=self.name)

    async def _write_snapshot(self, folded: _Folded) -> None:
        started = time.perf_counter()
        chunks = folded.snapshot or []
        offset, partition = folded.event.message.offset, folded.event.message.partition
        await self._append([(partition, chunk_key(offset, index), chunk) for index, chunk in enumerate(chunks)])
        manifest = msgspec.msgpack.encode(Manifest(len(chunks), _digest(chunks)))
        await self._append([(partition, manifest_key(offset), manifest)])
        await self._append([(partition, key, None) for key in folded.tombstones])
        self._telemetry.observe("unheard_snapshot_duration_seconds", time.perf_counter() - started)
        size = sum(map(len, chunks))
        self._telemetry.set("unheard_snapshot_size_bytes", size, topic=self.name, partition=str(partition))

    async def _append(self, entries: Sequence[tuple[int, bytes, bytes | None]]) -> None:
        self._sender.check_loop()
        futures = [await self._table.append(*entry) for entry in entries]
        await asyncio.gather(*futures)

    def _report(self) -> None:
        for partition, owned in self._owned.items():
            behind = self._table.behind(partition, owned.last)
            if behind is not None:
                self._telemetry.set("unheard_lag_records", behind, topic=self.name, partition=str(partition))
            for name, value in self._fold.gauges(owned.state).items():
                self._telemetry.set(name, value, partition=str(partition))
                owned.reported.add(name)
