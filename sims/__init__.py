"""Weir's simulations: what would happen to a market, in numbers only.

Data flows one way: market and book, prices and depth, sweep or cascade, metrics, report. Nothing
here imports Ape or web3, so that every module runs in a plain Python process.
"""
