"""Numerics that do not depend on a weight: the normal law, quadrature, validation."""
