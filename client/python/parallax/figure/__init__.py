"""Figures of reports, drawn from their JSON without any other package."""
