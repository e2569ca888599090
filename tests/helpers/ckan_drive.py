"""Runs in CKAN's own environment, as ``python ckan_drive.py ckan.ini add ADDRESS | harvest | state``.

``add`` registers a feed, ``harvest`` gathers, fetches and imports it once without waiting for the queue, ``state``
prints what the database then holds as one line of JSON.
"""

import json
import sys

from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app

NAME = "hessen"
config, action, *values = sys.argv[1:]
application = make_app(CKANConfigLoader(config).get_config())

from ckan import model  # noqa: E402 - CKAN wants its configuration first
from ckan.plugins import toolkit  # noqa: E402
from ckanext.harvest.model import HarvestGatherError, HarvestJob, HarvestObject, HarvestObjectError  # noqa: E402
from ckanext.harvest.utils import run_test_harvester  # noqa: E402


def add(address):
    user = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    source = {"name": NAME, "title": NAME, "url": address, "source_type": "dcat_rdf", "frequency": "MANUAL"}
    toolkit.get_action("harvest_source_create")({"user": user, "ignore_auth": True}, source)


def harvest():
    run_test_harvester(NAME, None)


def state():
    datasets = {}
    for package in model.Session.query(model.Package).filter_by(type="dataset", state="active"):
        shown = toolkit.get_action("package_show")({"ignore_auth": True}, {"id": package.id})
        extras = {extra["key"]: extra["value"] for extra in shown.get("extras", [])}
        datasets[extras.get("guid", shown["id"])] = {**shown, "extras": extras}
    jobs = []
    for job in model.Session.query(HarvestJob).order_by(HarvestJob.created):
        objects = model.Session.query(HarvestObject).filter_by(harvest_job_id=job.id)
        gathered = model.Session.query(HarvestGatherError).filter_by(harvest_job_id=job.id)
        imported = model.Session.query(HarvestObjectError).join(HarvestObject).filter_by(harvest_job_id=job.id)
        jobs.append(
            {
                "gather_errors": [error.message for error in gathered],
                "object_errors": [error.message for error in imported],
                "reports": {found.guid: found.report_status for found in objects},
            }
        )
    sys.stdout.write(json.dumps({"datasets": datasets, "jobs": jobs}, default=str) + "\n")


with application._wsgi_app.test_request_context():
    {"add": add, "harvest": harvest, "state": state}[action](*values)
