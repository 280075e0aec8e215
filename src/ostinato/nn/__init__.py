"""Tensors: operations and layers that no published model owns."""
