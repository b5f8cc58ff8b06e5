"""From a live or forked chain to a snapshot: one small JSON-RPC client and one adapter per protocol."""
