"""Goal: one commit goes on beside the next batch, and nobody overlooks how it ended. Method: commits that wait for an
event or fail."""

from threading import Event

import pytest

from streams.runtime.commit_thread import CommitThread


def test_a_commit_goes_on_while_its_starter_works() -> None:
    began, allowed, commits = Event(), Event(), CommitThread()

    def commit() -> None:
        began.set()
        assert allowed.wait(30)

    commits.start(commit)
    assert began.wait(30), "it runs although nobody waits for it"
    allowed.set()
    seconds = commits.finish()
    assert seconds is not None
    assert seconds >= 0
    commits.close()


def test_there_is_nothing_to_finish_without_a_commit_and_after_one() -> None:
    commits = CommitThread()
    assert commits.finish() is None
    commits.start(lambda: None)
    commits.finish()
    assert commits.finish() is None
    commits.close()


def test_what_a_commit_raised_is_raised_once_when_it_is_finished() -> None:
    def refuse() -> None:
        raise OSError("refused")

    commits = CommitThread()
    commits.start(refuse)
    with pytest.raises(OSError, match="refused"):
        commits.finish()
    assert commits.finish() is None
    commits.close()


def test_a_second_commit_before_the_first_is_finished_is_a_mistake() -> None:
    commits = CommitThread()
    commits.start(lambda: None)
    with pytest.raises(RuntimeError, match="not finished"):
        commits.start(lambda: None)
    commits.close()


def test_closing_waits_for_the_commit_in_flight() -> None:
    done, commits = [], CommitThread()
    commits.start(lambda: done.append(1))
    commits.close()
    assert done == [1]
