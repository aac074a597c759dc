"""A folder with all that a release consists of, and `chalice deploy` run in it.

Code, libraries, rendered configuration and policies; beside them what Chalice does not deploy:
the workflow and the pages. `.chalice/config.json` says sizes and limits; what depends on the
account is rendered here, from names that are fixed and ARNs that are computed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infra import policies
from infra.deploy import package
from infra.deploy.account import names_in
from infra.deploy.functions import Functions, FunctionsError
from infra.deploy.stages import StageError
from infra.local.guard import LIFELINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.deploy.account import Account
    from infra.deploy.stages import Stage

# There are no plug-ins: pydantic would look for them in every cold start.
OF_PROCESSES: Final = {"PYDANTIC_DISABLE_PLUGINS": "1"}
WEB: Final = "web"
WORKFLOW: Final = "workflow"  # the definition, and the stack that brings it
DEFINITION: Final = "dossier.asl.json"
_POLICY: Final = "policy-"
# It ends with whoever started it: alone it would go on making functions and an API.
_CHALICE: Final = f"""
import sys
sys.path.append({str(package.ROOT)!r})
from infra.local.guard import die_with_parent
die_with_parent()
sys.path.pop()
from chalice.cli import main
sys.exit(main())
"""
_OF_CHALICE: Final = (".chalice/deployed/", ".chalice/deployments/")  # made anew by each run
_DAY: Final = 86_400
_EARLY: Final = (1980, 1, 1, 0, 0, 0)  # every file's time in an archive


class Project:
    """The folder of one stage."""

    def __init__(self, folder: Path, stage: Stage, account: Account) -> None:
        self.folder = folder
        self._stage = stage
        self._account = account

    # -- from sources

    def lay_out(self, sources: Path) -> None:
        """Fill the empty folder with code, libraries, workflow and pages. Raise PackageError.

        Raise StageError where sizes and limits are to be like those of a stage there is not.
        """
        (self.folder / ".chalice").mkdir()
        known = json.loads((sources / ".chalice" / "config.json").read_text("utf-8"))
        if self._stage.like not in known["stages"]:
            like = ", ".join(known["stages"])
            raise StageError(f"`like` of {self._stage.name} must be one of {like}.")
        known["stages"] = {self._stage.name: known["stages"][self._stage.like]}
        self._write("config.json", known)
        package.lay_out(self.folder, sources)
        shutil.copytree(sources / "web", self.folder / WEB)
        (self.folder / WORKFLOW).mkdir()
        for file in (f"state_machines/{DEFINITION}", "infra/stacks/workflow.yaml"):
            shutil.copy2(sources / file, self.folder / WORKFLOW)

    def configure(self, told: Mapping[str, str]) -> None:
        """Render configuration and policies; `told` as for `environment`."""
        config = self._config()
        stage = config["stages"][self._stage.name]
        stage["environment_variables"] = self.environment(told)
        functions = stage.setdefault("lambda_functions", {})
        for name in Functions.names():
            file = f"{_POLICY}{name}.json"
            functions.setdefault(policies.chalice_name(name), {})["iam_policy_file"] = file
            self._write(file, self._policy(name))
        self._write("config.json", config)

    def environment(self, told: Mapping[str, str]) -> dict[str, str]:
        """What chalicelib's settings and libraries are.

        `told` are outputs of stacks and the public address.
        """
        return {
            "STAGE": self._stage.name,
            **names_in(self._account, self._stage.stem),
            "SECRET_KEY_NAME": f"{self._stage.stem}-key",
            "POWERTOOLS_SERVICE_NAME": self._stage.name,
            "CODE_VERSION": package.code_version(self.folder),
            **OF_PROCESSES,
            **told,
            **self._stage.environment,
        }

    def tell(self, told: Mapping[str, str]) -> None:
        """Overwrite settings that are no release's own: where pages and sign-in are."""
        config = self._config()
        stage = config["stages"][self._stage.name]
        stage["environment_variables"] |= {**told, **self._stage.environment}
        self._write("config.json", config)

    def functions(self) -> list[str]:
        """Names in AWS of what this release consists of, which may be others than today's."""
        files = (self.folder / ".chalice").glob(f"{_POLICY}*.json")
        names = sorted(file.stem.removeprefix(_POLICY) for file in files)
        return [policies.lambda_name(name, self._stage.name) for name in names]

    def reserved(self) -> int:
        """Calls at once that the functions reserve."""
        functions = self._config()["stages"][self._stage.name].get("lambda_functions", {})
        return sum(each.get("reserved_concurrency", 0) for each in functions.values())

    def _policy(self, name: str) -> dict[str, Any]:
        return policies.render(
            name,
            partition=self._account.partition,
            region=self._account.region,
            account=self._account.id,
            stage=self._stage.name,
        )

    # -- what it consists of

    def definition(self) -> bytes:
        """Of the state machine."""
        return (self.folder / WORKFLOW / DEFINITION).read_bytes()

    def parts(self) -> dict[str, str]:
        """What differs between two releases, each by a digest or, where it is short, as it is.

        `variable X` and `library X` (its version) are readable; two projects with the same parts
        deploy the same.
        """
        config = self._config()
        stage = config["stages"][self._stage.name]
        functions = stage.pop("lambda_functions")
        variables = stage.pop("environment_variables")
        wheels = sorted(each.stem for each in (self.folder / "vendor").glob("*.dist-info"))
        libraries = dict(each.rsplit("-", 1) for each in wheels)
        allowed = {
            file.stem.removeprefix(_POLICY): digest(file)
            for file in sorted((self.folder / ".chalice").glob(f"{_POLICY}*.json"))
        }
        return {
            "code": package.code_version(self.folder),
            "libraries": digest(self.folder / "vendor"),
            "pages": digest(self.folder / WEB),
            "workflow": digest(self.folder / WORKFLOW),
            "sizes and limits of all functions": json.dumps(config, sort_keys=True),
            **{f"sizes and limits of {name}": json.dumps(functions[name]) for name in functions},
            **{f"permissions {name}": found for name, found in allowed.items()},
            **{f"library {name}": version for name, version in libraries.items()},
            **{f"variable {name}": value for name, value in variables.items()},
        }

    def archive(self) -> bytes:
        """A zip of it; the same content is the same zip."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, name in _files(self.folder):
                if not name.startswith(_OF_CHALICE):
                    archive.writestr(zipfile.ZipInfo(name, _EARLY), path.read_bytes())
        return content.getvalue()

    def unpack(self, archive: bytes) -> None:
        """Fill the empty folder with what was kept."""
        with zipfile.ZipFile(io.BytesIO(archive)) as content:
            content.extractall(self.folder)
        package.date(self.folder)

    # -- Chalice

    def deploy(self, state: bytes | None) -> Iterator[str]:
        """Run `chalice deploy`; yields what it says. `state` is its own. Raise FunctionsError."""
        self._state.parent.mkdir(parents=True, exist_ok=True)
        self._state.unlink(missing_ok=True)
        if state:
            self._state.write_bytes(state)
        # Named after the Python it runs on: chalice writes the runtime's name by itself.
        command = [sys.executable, "-u", "-c", _CHALICE, "deploy", "--connection-timeout", "120"]
        command += ["--stage", self._stage.name]
        reading, writing = os.pipe()  # its other end closes with this process, however that ends
        where = {
            **os.environ,
            "AWS_DEFAULT_REGION": self._stage.region,  # not that of a profile
            LIFELINE: str(reading),
        }
        with subprocess.Popen(  # noqa: S603 - ours
            command,
            cwd=self.folder,
            env=where,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=(reading,),
        ) as run:
            os.close(reading)
            said: list[str] = []
            for line in run.stdout or ():
                said.append(line.rstrip())
                yield said[-1]
        os.close(writing)
        if run.returncode:
            raise FunctionsError("chalice: " + "\n".join(said[-8:]))

    def state(self) -> bytes:
        """What Chalice noted of its last run."""
        return self._state.read_bytes()

    def inspect(self) -> package.Package:
        """What is in the zip that was deployed. Raise PackageError."""
        (found,) = (self.folder / ".chalice" / "deployments").glob("*.zip")
        return package.inspect(found, self.folder / "vendor")

    @property
    def _state(self) -> Path:
        return self.folder / ".chalice" / "deployed" / f"{self._stage.name}.json"

    def _config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            (self.folder / ".chalice" / "config.json").read_text("utf-8")
        )
        return found

    def _write(self, name: str, content: Any) -> None:
        (self.folder / ".chalice" / name).write_text(json.dumps(content, indent=2), "utf-8")


@contextmanager
def workplace(stage: Stage, account: Account) -> Iterator[Project]:
    """An empty folder of its own for each command, gone at its end."""
    build = package.ROOT / ".build"
    build.mkdir(exist_ok=True)
    for left in build.glob(f"{stage.name}-*"):  # by a process that was killed, long ago
        if time.time() - left.stat().st_mtime > _DAY:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{stage.name}-", dir=build) as folder:
        yield Project(Path(folder), stage, account)


def digest(folder: Path) -> str:
    """Of a folder's or a file's names and contents, but what Python makes of them."""
    found = hashlib.sha256()
    for path, name in _files(folder) if folder.is_dir() else [(folder, folder.name)]:
        if "__pycache__" not in path.parts:
            found.update(f"{name}\0".encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.relative_to(folder).as_posix()
