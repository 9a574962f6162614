from tests.fakes.fixtures import backend as backend
from tests.fakes.fixtures import certificate as certificate
from tests.fakes.fixtures import guard as guard
from tests.fakes.fixtures import make_proxy as make_proxy
from tests.fakes.fixtures import proxy as proxy
