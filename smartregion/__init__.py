"""The program: settings, command line and web application."""
