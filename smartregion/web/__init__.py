"""The web application: everything that reads a release and shows it to people, programs and portals."""
