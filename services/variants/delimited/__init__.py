"""CSV and TSV files of variants: what their columns mean, and their import."""
