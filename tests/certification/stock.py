"""The stock library asked about the same token, set up as its documentation shows, with no network."""

from typing import Any

import requests
from pylti1p3.cookie import CookieService
from pylti1p3.exception import LtiException
from pylti1p3.launch_data_storage.base import LaunchDataStorage
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config.dict import ToolConfDict

from tests.certification.payloads import Stock
from tests.certification.scene import Scene

STATE = "state-of-this-flow"


class _Parameters(Request):
    def __init__(self, parameters: dict[str, str]) -> None:
        self.parameters = parameters

    @property
    def session(self) -> dict[str, object]:
        return {}

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return self.parameters.get(key, "")


class _Memory(LaunchDataStorage[Any]):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}

    def can_set_keys_expiration(self) -> bool:
        return True

    def get_value(self, key: str) -> Any:
        return self.values.get(key)

    def set_value(self, key: str, value: Any, exp: int | None = None) -> None:
        self.values[key] = value

    def check_value(self, key: str) -> bool:
        return key in self.values


class _Cookies(CookieService):
    def __init__(self, cookies: dict[str, str]) -> None:
        self.cookies = cookies

    def get_cookie(self, name: str) -> str | None:
        return self.cookies.get(name)

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        self.cookies[name] = str(value)


class StockLaunch(MessageLaunch[Any, Any, Any, Any]):
    """MessageLaunch with its one abstract method filled in."""

    def _get_request_param(self, key: str) -> str:
        return str(self._request.get_param(key))


class StockTool:
    """A tool on the stock library: it has sent two logins and waits for their launches."""

    def __init__(
        self, scene: Scene, *, jwk: dict[str, object] | None = None, deployments: list[str] | None = None
    ) -> None:
        self.memory = _Memory()
        self.cookies = {STATE: STATE}
        self.config = ToolConfDict(
            {
                scene.issuer: [
                    {
                        "client_id": scene.client_id,
                        "auth_login_url": f"{scene.issuer}/auth",
                        "auth_token_url": f"{scene.issuer}/token",
                        "key_set": {"keys": [jwk or scene.keys.public_jwk()]},  # type: ignore[typeddict-item]
                        "deployment_ids": deployments or [scene.deployment_id],
                    }
                ]
            }
        )
        service = self._open_session(_Parameters({}))
        service.save_nonce(scene.nonce)
        service.save_nonce(scene.other_nonce)

    def open(self, token: str) -> StockLaunch:
        """A stock launch of this token, not validated yet."""
        request = _Parameters({"id_token": token, "state": STATE})
        return StockLaunch(
            request,
            self.config,
            self._open_session(request),
            _Cookies(self.cookies),
            requests_session=requests.Session(),
        )

    def ask(self, token: str) -> Stock:
        """What the stock class does with this token."""
        try:
            self.open(token).validate()
        except LtiException:
            return Stock.REFUSES
        except Exception:  # noqa: BLE001  # that it can be anything is the finding
            return Stock.CRASHES
        return Stock.ACCEPTS

    def _open_session(self, request: Request) -> SessionService:
        service = SessionService(request)
        service.set_data_storage(self.memory)
        return service
