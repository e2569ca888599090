"""``python -m smartregion``."""

from smartregion.cli.main import main

if __name__ == "__main__":
    main()
