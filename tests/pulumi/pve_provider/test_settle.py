# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletes that settle into few applies: every delete that waits is covered by an apply that began after it."""

from __future__ import annotations

import threading
import time

import pytest

from pve_provider.settle import Settle


def test_deletes_at_once_share_an_apply() -> None:
    applied: list[int] = []
    deleted: list[int] = []
    settle = Settle(lambda: applied.append(len(deleted)))

    def delete(number: int) -> None:
        with settle.deleting(wait=True):
            time.sleep(0.01 * (number % 3))
            deleted.append(number)
        assert applied, "a delete returned before it was applied"
        assert applied[-1] >= deleted.index(number) + 1

    threads = [threading.Thread(target=delete, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert applied[-1] == 20
    assert len(applied) <= 4  # one, unless the machine is too busy to start twenty threads within the window
    assert not settle.pending()


def test_a_failed_apply_fails_the_deletes_that_wait_for_it() -> None:
    def fail() -> None:
        raise RuntimeError("cannot reload the network")

    settle = Settle(fail)
    with pytest.raises(RuntimeError, match="cannot reload"), settle.deleting(wait=True):
        pass


def test_a_delete_that_does_not_wait_is_applied_at_the_end() -> None:
    applied: list[str] = []
    settle = Settle(lambda: applied.append("once"))
    with settle.deleting(wait=False):
        pass
    assert (applied, settle.pending()) == ([], True)
    settle.flush()
    settle.flush()
    assert (applied, settle.pending()) == (["once"], False)


def test_a_failed_delete_asks_for_nothing() -> None:
    settle = Settle(lambda: pytest.fail("nothing was deleted"))
    with pytest.raises(KeyError), settle.deleting(wait=True):
        raise KeyError("vnet")
    assert not settle.pending()
