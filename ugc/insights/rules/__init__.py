"""What may be told of a spread, and what it means. Pure; a part each:"""
