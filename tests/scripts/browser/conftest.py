# SPDX-License-Identifier: GPL-3.0-or-later
"""One Chromium for the tests of this folder. What is tested with it stands in the test files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.docs.chromium import Browser
from scripts.toolchain import paths

__all__ = ["Browser"]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of this folder; tests without Chromium are skipped before they ask for it."""
    program = paths.browser()
    if program is None:
        pytest.skip("no Chromium installed")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()
