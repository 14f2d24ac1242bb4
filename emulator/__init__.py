"""A local Alibaba Cloud over HTTP that refuses what the cloud refuses.

It imports nothing of this project and no Alibaba SDK: what it judges must not be able to share a misreading with it.
"""
