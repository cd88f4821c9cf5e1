"""The other side of telephone calls: providers that behave as their documentation says."""
