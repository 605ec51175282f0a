"""Where things are: points and boxes in degrees (WGS 84), positions as people type them, the
bundled cities (GeoNames) with their countries and regions, and an operator's geocoder."""
