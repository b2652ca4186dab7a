"""Rule packs: law as dated, cited data."""
