"""The web application: reads a release and serves it to people, programs and portals."""
