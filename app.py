"""The Chalice application: registers everything that is served; nothing else."""

from chalice.app import Chalice

from chalicelib.bootstrap import identify
from chalicelib.entrypoints import api
from chalicelib.entrypoints.http.api import Api
from chalicelib.entrypoints.schedules import schedules
from chalicelib.entrypoints.stream import stream
from chalicelib.entrypoints.tasks import tasks
from chalicelib.entrypoints.uploads import uploads

app = Chalice(app_name="motcua")

Api(identify).mount(app, api.served())

for blueprint in (tasks, stream, uploads, schedules):
    app.register_blueprint(blueprint)
