"""A brand's spread room: its weekly figures, disclosed in tens, as pages, files and API."""
