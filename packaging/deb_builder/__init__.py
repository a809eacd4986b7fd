"""Builds the Debian packages of the product and of the reference application from this source tree."""
