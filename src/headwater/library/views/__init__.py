"""Pages of the library: lists, an article's own page, writing, trusting, files."""
