"""The store in memory, which stories use, keeps the contract of all stores."""

import pytest

from tests.support.call_store_contract import CallStoreContract
from tests.support.memory_calls import MemoryCalls

pytestmark = pytest.mark.story


class TestMemoryCalls(CallStoreContract):
    """The contract."""

    @pytest.fixture
    def store(self) -> MemoryCalls:
        """An empty one."""
        return MemoryCalls()
